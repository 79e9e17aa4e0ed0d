/**
 * Wrong codes of one account in a row, from wherever they come. Six digits are few, and who asks for them has shown the right
 * password: here an account may be made to wait, since nobody does it to another by knowing his name. Counted with the account, where
 * no outage loses it; no more than a hundred in a row are ever looked at (NIST SP 800-63B-4 §3.2.2, ASVS 6.6.3).
 */

const free = 10;
const most = 100;
const firstSeconds = 30;
const mostSeconds = 3_600;

/** How many seconds from the last wrong code the next is not looked at: to who must ask an administrator, or use a recovery code, an hour. */
export function secondsToWait(
  { code_failures: failures, code_failed_at: last }: {
    readonly code_failures: number;
    readonly code_failed_at: Date | null;
  },
  now: Date,
): number {
  if (failures < free || last === null) return 0;
  if (failures >= most) return mostSeconds;
  const needed = Math.min(mostSeconds, firstSeconds * 2 ** (failures - free));
  return Math.max(0, Math.ceil(needed - (now.getTime() - last.getTime()) / 1_000));
}
