/** A browser reduced to what sign-in needs: cookies by host and path, redirects followed by hand. */

interface Cookie {
  readonly host: string;
  readonly path: string;
  readonly name: string;
  readonly value: string;
  readonly attributes: string;
}

export class Browser {
  private cookies: Cookie[] = [];

  /** @param application answers for `origin` without a network: the platform's own `app.request` */
  constructor(
    private readonly application?: {
      origin: string;
      request: (request: Request) => Response | Promise<Response>;
    },
  ) {}

  async fetch(url: string, init: RequestInit = {}): Promise<Response> {
    const { host, pathname, origin } = new URL(url);
    const headers = new Headers(init.headers);
    const sent = this.cookies.filter((cookie) => cookie.host === host && within(pathname, cookie.path));
    if (sent.length > 0) {
      headers.set(
        "cookie",
        sent.map((cookie) => `${cookie.name}=${cookie.value}`).join("; "),
      );
    }
    const request = new Request(url, { ...init, headers, redirect: "manual" });
    const response = this.application?.origin === origin
      ? await this.application.request(request)
      : await fetch(request);
    for (const line of response.headers.getSetCookie()) this.keep(host, line);
    return response;
  }

  /** Follows redirects until an answer that is none, or until `stop` says so of the next address. */
  async follow(
    url: string,
    stop: (next: URL) => boolean = () => false,
  ): Promise<{ response: Response; url: URL }> {
    let next = new URL(url);
    for (let hops = 0; hops < 10; hops++) {
      const response = await this.fetch(next.href);
      const location = response.headers.get("location");
      if (!location || response.status < 300 || response.status > 399) return { response, url: next };
      await response.body?.cancel();
      next = new URL(location, next);
      if (stop(next)) return { response, url: next };
    }
    throw new Error("too many redirects");
  }

  cookie(host: string, name: string): string | undefined {
    return this.cookies.find((cookie) => cookie.host === host && cookie.name === name)?.value;
  }

  attributesOf(name: string): string | undefined {
    return this.cookies.find((cookie) => cookie.name === name)?.attributes;
  }

  set(host: string, name: string, value: string): void {
    this.keep(host, `${name}=${value}; path=/`);
  }

  forget(name: string): void {
    this.cookies = this.cookies.filter((cookie) => cookie.name !== name);
  }

  private keep(host: string, line: string): void {
    const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
    const [name = "", ...value] = pair.split("=");
    const path = attributes.find((one) => /^path=/i.test(one))?.slice(5) ?? "/";
    const gone = attributes.some((one) => /^max-age=0$/i.test(one) || /^expires=Thu, 01 Jan 1970/i.test(one));
    this.cookies = this.cookies.filter((cookie) =>
      !(cookie.host === host && cookie.name === name && cookie.path === path)
    );
    if (!gone) {
      this.cookies.push({ host, path, name, value: value.join("="), attributes: attributes.join("; ") });
    }
  }
}

function within(pathname: string, path: string): boolean {
  return pathname === path || pathname.startsWith(path.endsWith("/") ? path : `${path}/`);
}
