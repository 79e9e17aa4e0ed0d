/** Signing in by the phone alone: what the platform is asked. Nothing is kept in the browser but its cookie. */

export type PhoneStart =
  | { readonly state: "waiting"; readonly bindingMessage: string; readonly expiresAt: string }
  | { readonly state: "refused"; readonly reason: string }
  | { readonly state: "wrong-number" }
  | { readonly state: "too-often"; readonly seconds: number };

export type PhoneState =
  | { readonly state: "waiting" }
  | { readonly state: "refused"; readonly reason: string }
  | { readonly state: "signed-in"; readonly returnTo: string };

export async function isPhoneOffered(send: typeof fetch): Promise<boolean> {
  try {
    const response = await send("/auth/phone");
    return response.ok && ((await response.json()) as { isOffered: boolean }).isOffered;
  } catch {
    return false; // The other way in is there.
  }
}

/** Throws when the platform cannot be asked. */
export async function startPhone(
  send: typeof fetch,
  nationalId: string,
  returnTo: string,
): Promise<PhoneStart> {
  const response = await send("/auth/phone", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ nationalId, returnTo }),
  });
  if (response.status === 422) return { state: "wrong-number" };
  if (response.status === 429) {
    return { state: "too-often", seconds: Number(response.headers.get("retry-after") ?? 60) };
  }
  if (!response.ok) throw new Error(`not started: ${response.status}`);
  return await response.json() as PhoneStart;
}

/** Throws when the platform cannot be asked. */
export async function askPhone(send: typeof fetch): Promise<PhoneState> {
  const response = await send("/auth/phone/state", { method: "POST" });
  if (!response.ok) throw new Error(`no state: ${response.status}`);
  return await response.json() as PhoneState;
}
