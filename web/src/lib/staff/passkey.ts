/** Passkeys in the browser. What the person declines, or the device cannot, is thrown as it comes. */
import {
  browserSupportsWebAuthn,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  startAuthentication,
  startRegistration,
} from "@simplewebauthn/browser";
import { step } from "./call.ts";

export const hasPasskeys = browserSupportsWebAuthn;

interface Asked<Options> {
  readonly transaction: string;
  readonly options: Options;
}

/** Shows a passkey at `path`, whose options are at `path/options`. */
export async function showPasskey(path: string): Promise<void> {
  const { transaction, options } = await step<Asked<PublicKeyCredentialRequestOptionsJSON>>(
    `${path}/options`,
  );
  const response = await startAuthentication({ optionsJSON: options });
  await step(path, { transaction, response });
}

/** Makes a passkey for options that were given. */
export async function makePasskey(options: PublicKeyCredentialCreationOptionsJSON) {
  return await startRegistration({ optionsJSON: options });
}

export type { PublicKeyCredentialCreationOptionsJSON };
