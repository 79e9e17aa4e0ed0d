/**
 * Autoconfiguration of standard mail clients, for each hosted domain: the file of Thunderbird, K-9 and others
 * (autoconfig), Outlook's autodiscover, a profile for Apple's devices, and the DNS records that lead there (RFC 6186,
 * RFC 8314), which the domain's administrator publishes.
 *
 * What is said is the same for every box of every hosted domain: nothing here looks whether a box exists, and a domain that
 * is not hosted gets the answer of a page that does not exist. No secret is ever in it: what a client signs in with is
 * given elsewhere (app passwords, Pro Santé Connect).
 */
export { type ClientAccess, type ClientService, listServices } from "./client-access.ts";
