/** An authenticator in software (WebAuthn §6): an ES256 key, and every fault that a test wants of it. */
import { Buffer } from "node:buffer";
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

export interface Wishes {
  readonly origin?: string;
  readonly rpId?: string;
  readonly challenge?: string;
  readonly isUserVerified?: boolean;
  readonly counter?: number;
  readonly userHandle?: string;
}

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
const sha256 = (bytes: string | Uint8Array) => createHash("sha256").update(bytes).digest();

export class Authenticator {
  readonly #id = randomBytes(32);
  readonly #key: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  #userHandle: string | undefined;
  #counter = 0;

  /** @param countsUses whether its counter rises, as that of a key on a key ring; synced passkeys stay at 0 */
  constructor(readonly countsUses = true) {
    this.#key = generateKeyPairSync("ec", { namedCurve: "P-256" });
  }

  get credentialId(): string {
    return base64url(this.#id);
  }

  // deno-lint-ignore no-explicit-any -- options as the server sent them
  create(options: any, wishes: Wishes = {}) {
    this.#userHandle = options.user.id;
    const { x = "", y = "" } = this.#key.publicKey.export({ format: "jwk" });
    const coseKey = Buffer.concat([
      Buffer.from("a5010203262001215820", "hex"),
      Buffer.from(x, "base64url"),
      Buffer.from("225820", "hex"),
      Buffer.from(y, "base64url"),
    ]);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(this.#id.length);
    const authData = Buffer.concat([
      this.#head(options.rp.id, 0x40, wishes),
      Buffer.alloc(16),
      length,
      this.#id,
      coseKey,
    ]);
    const size = Buffer.alloc(2);
    size.writeUInt16BE(authData.length);
    const attestationObject = Buffer.concat([
      Buffer.from("a363666d74646e6f6e656761747453746d74a0686175746844617461", "hex"),
      Buffer.from([0x59]),
      size,
      authData,
    ]);
    return {
      id: this.credentialId,
      rawId: this.credentialId,
      type: "public-key",
      response: {
        clientDataJSON: clientData("webauthn.create", options.challenge, wishes),
        attestationObject: base64url(attestationObject),
        transports: ["usb"],
      },
      clientExtensionResults: {},
    };
  }

  // deno-lint-ignore no-explicit-any -- options as the server sent them
  get(options: any, wishes: Wishes = {}) {
    const authData = this.#head(options.rpId, 0, wishes);
    const clientDataJSON = clientData("webauthn.get", options.challenge, wishes);
    const signed = Buffer.concat([authData, sha256(Buffer.from(clientDataJSON, "base64url"))]);
    return {
      id: this.credentialId,
      rawId: this.credentialId,
      type: "public-key",
      response: {
        clientDataJSON,
        authenticatorData: base64url(authData),
        signature: base64url(sign("sha256", signed, this.#key.privateKey)),
        userHandle: wishes.userHandle ?? this.#userHandle,
      },
      clientExtensionResults: {},
    };
  }

  #head(rpId: string, flags: number, wishes: Wishes): Buffer {
    if (this.countsUses) this.#counter++;
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(wishes.counter ?? this.#counter);
    const verified = wishes.isUserVerified === false ? 0 : 0x04;
    return Buffer.concat([sha256(wishes.rpId ?? rpId), Buffer.from([0x01 | verified | flags]), counter]);
  }
}

function clientData(type: string, challenge: string, wishes: Wishes): string {
  const data = {
    type,
    challenge: wishes.challenge ?? challenge,
    origin: wishes.origin ?? "http://localhost:8480",
    crossOrigin: false,
  };
  return base64url(Buffer.from(JSON.stringify(data)));
}
