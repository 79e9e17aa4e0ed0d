/** One page application: everything shown is behind a sign-in, nothing is rendered ahead. */
export const ssr = false;
export const prerender = false;
