/** The secret that opens a box of the demo world to a mail client. Apart from the seed, which runs with other rights. */
export function appPasswordName(address: string): string {
  return `demo-app-password-${address.split("@")[0]}`;
}
