/**
 * A JMAP server in memory, for the web's own tests and for developing its screens: it answers as RFC 8620/8621 say,
 * and does wrong what it is told to. Web standards alone: `fetch` takes a Request and gives a Response.
 */
import { ScriptedBox, ScriptedError } from "./scripted-jmap/box.ts";

export { ScriptedBox } from "./scripted-jmap/box.ts";

type Invocation = [string, Record<string, unknown>, string];

/** What may go wrong with the next request that holds the method (`*`: with any). */
export type Fault =
  | { readonly kind: "status"; readonly status: number; readonly type?: string }
  /** Nothing goes wrong: the fault of the same method that was told next is for the request behind it. */
  | { readonly kind: "pass" }
  /** The request is served and its answer lost. */
  | { readonly kind: "lose-answer" }
  /** The answer is lost, and what was asked is done only when the next write comes, behind every look before it. */
  | { readonly kind: "hang" }
  /** The request never arrives. */
  | { readonly kind: "lose-request" }
  | { readonly kind: "method-error"; readonly type: string }
  | { readonly kind: "set-error"; readonly error: Record<string, unknown> }
  /** Only what is submitted is refused. */
  | { readonly kind: "submission-error"; readonly error: Record<string, unknown> };

export interface ServedRequest {
  readonly path: string;
  readonly methods: readonly string[];
  readonly calls: readonly Invocation[];
  /** The page asked by itself: no sign of life of the person. */
  readonly isBackground: boolean;
}

const gateway = "urn:mssante:params:jmap:gateway";

export class ScriptedJmap {
  readonly boxes: ScriptedBox[];
  readonly served: ServedRequest[] = [];
  /** Most requests that were under way at once. */
  mostInFlight = 0;
  /** Holds answers back until resolved. */
  gate: Promise<void> = Promise.resolve();
  isSignedOut = false;
  isDown = false;
  readonly limits = {
    maxSizeUpload: 50_000_000,
    maxConcurrentUpload: 4,
    maxSizeRequest: 10_000_000,
    maxConcurrentRequests: 4,
    maxCallsInRequest: 16,
    maxObjectsInGet: 500,
    maxObjectsInSet: 500,
    collationAlgorithms: [],
  };
  #inFlight = 0;
  readonly #hanging: Invocation[] = [];
  #faults: { method: string; fault: Fault }[] = [];

  constructor(...boxes: ScriptedBox[]) {
    this.boxes = boxes;
  }

  /** Bound, to be handed over as a `fetch`. */
  readonly fetch = (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const url = input instanceof Request ? input.url : String(input);
    return this.#serve(
      input instanceof Request ? input : new Request(new URL(url, "http://scripted.test"), init),
    );
  };

  /** Makes the next request that holds this method go wrong. */
  failNext(method: string, fault: Fault): void {
    this.#faults.push({ method, fault });
  }

  methodsServed(): string[] {
    return this.served.flatMap(({ methods }) => methods);
  }

  async #serve(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    this.#inFlight++;
    this.mostInFlight = Math.max(this.mostInFlight, this.#inFlight);
    try {
      const body = pathname === "/jmap/api"
        ? await request.json() as { methodCalls: Invocation[] }
        : undefined;
      const calls = body?.methodCalls ?? [];
      const isBackground = request.headers.get("x-mss-background") === "1";
      this.served.push({ path: pathname, methods: calls.map(([method]) => method), calls, isBackground });
      await this.gate;
      if (this.isSignedOut) return problem(401, "sign-in-required");
      if (this.isDown) return problem(503, "mail-server-unavailable");
      const fault = this.#takeFault(calls.map(([method]) => method));
      if (calls.some(([, args]) => args["create"] !== undefined)) {
        this.#answer(this.#hanging.splice(0), undefined);
      }
      if (fault?.kind === "hang") this.#hanging.push(...calls);
      if (fault?.kind === "hang" || fault?.kind === "lose-request") throw new TypeError("network error");
      if (fault?.kind === "status") return problem(fault.status, fault.type ?? "internal-error");
      if (pathname === "/jmap/session" || pathname === "/.well-known/jmap") {
        return Response.json(this.session());
      }
      if (pathname.startsWith("/jmap/upload/")) return await this.#upload(request, pathname);
      if (pathname.startsWith("/jmap/download/")) return this.#download(request, pathname);
      if (pathname !== "/jmap/api") return problem(404, "not-found");
      const answer = Response.json({ methodResponses: this.#answer(calls, fault), sessionState: "1" });
      if (fault?.kind === "lose-answer") throw new TypeError("network error");
      return answer;
    } finally {
      this.#inFlight--;
    }
  }

  /** What the gateway says otherwise of an account, by its id. */
  readonly announced = new Map<string, Record<string, unknown>>();

  session(): Record<string, unknown> {
    const accounts = this.boxes.map((box, index) => [box.accountId, {
      name: box.address,
      isPersonal: index === 0,
      isReadOnly: false,
      accountCapabilities: {
        "urn:ietf:params:jmap:mail": {},
        "urn:ietf:params:jmap:submission": {},
        [gateway]: {
          mailboxId: `00000000-0000-4000-8000-00000000000${index}`,
          address: box.address,
          displayName: index === 0 ? "Dr Anne Allard" : "Secrétariat",
          type: index === 0 ? "PER" : "ORG",
          structureName: "Cabinet médical Alpha",
          relation: index === 0 ? "holder" : "member",
          rights: { write: true, sendAs: true, sendOnBehalf: true },
          ...this.announced.get(box.accountId),
        },
      },
    }]);
    return {
      capabilities: {
        "urn:ietf:params:jmap:core": this.limits,
        "urn:ietf:params:jmap:mail": {},
        "urn:ietf:params:jmap:submission": {},
        [gateway]: { maxAttachmentsBytesPerMessage: 26_214_400, mailServer: "scripted" },
      },
      accounts: Object.fromEntries(accounts),
      primaryAccounts: {},
      username: "scripted",
      apiUrl: "/jmap/api",
      downloadUrl: "/jmap/download/{accountId}/{blobId}/{name}?accept={type}",
      uploadUrl: "/jmap/upload/{accountId}/",
      eventSourceUrl: "/jmap/eventsource?types={types}&closeafter={closeafter}&ping={ping}",
      state: "1",
    };
  }

  #answer(calls: readonly Invocation[], fault: Fault | undefined): Invocation[] {
    const responses: Invocation[] = [];
    const created = new Map<string, string>();
    if (calls.length > this.limits.maxCallsInRequest) throw new Error("more calls than announced");
    for (const [method, args, id] of calls) {
      try {
        if (fault?.kind === "method-error") throw new ScriptedError(fault.type);
        const isRefused = fault?.kind === "set-error" && method.endsWith("/set") ||
          fault?.kind === "submission-error" && method === "EmailSubmission/set";
        if (isRefused) {
          const notCreated = Object.keys((args["create"] ?? {}) as object).map((key) => [key, fault.error]);
          const notUpdated = Object.keys((args["update"] ?? {}) as object).map((key) => [key, fault.error]);
          const refused = {
            notCreated: Object.fromEntries(notCreated),
            notUpdated: Object.fromEntries(notUpdated),
          };
          responses.push([method, { oldState: "0", newState: "0", created: null, ...refused }, id]);
          continue;
        }
        const box = this.boxes.find(({ accountId }) => accountId === args["accountId"]);
        if (box === undefined) throw new ScriptedError("accountNotFound");
        responses.push([method, box.call(method, resolveReferences(args, responses), created), id]);
      } catch (error) {
        if (!(error instanceof ScriptedError)) throw error;
        responses.push(["error", { type: error.type }, id]);
      }
    }
    return responses;
  }

  #takeFault(methods: readonly string[]): Fault | undefined {
    const index = this.#faults.findIndex(({ method }) => method === "*" || methods.includes(method));
    return index === -1 ? undefined : this.#faults.splice(index, 1)[0]?.fault;
  }

  async #upload(request: Request, pathname: string): Promise<Response> {
    const accountId = decodeURIComponent(pathname.split("/")[3] ?? "");
    const box = this.boxes.find((one) => one.accountId === accountId);
    if (box === undefined) return problem(404, "not-found");
    const bytes = new Uint8Array(await request.arrayBuffer());
    const type = request.headers.get("content-type") ?? "application/octet-stream";
    const blobId = `upload-${box.blobs.size + 1}`;
    box.blobs.set(blobId, { bytes, type });
    return Response.json({ accountId, blobId, type, size: bytes.length }, { status: 201 });
  }

  #download(request: Request, pathname: string): Response {
    const [, , , accountId, blobId, name] = pathname.split("/").map(decodeURIComponent);
    const blob = this.boxes.find((one) => one.accountId === accountId)?.blobs.get(blobId ?? "");
    if (blob === undefined) return problem(404, "not-found");
    const type = new URL(request.url).searchParams.get("accept") ?? blob.type;
    const disposition = `attachment; filename*=UTF-8''${encodeURIComponent(name ?? "")}`;
    return new Response(blob.bytes.slice(), {
      headers: { "content-type": type, "content-disposition": disposition },
    });
  }
}

function problem(status: number, slug: string): Response {
  const body = {
    type: slug.startsWith("urn:") ? slug : `http://scripted.test/problems/${slug}`,
    title: slug,
    status,
  };
  return Response.json(body, {
    status,
    headers: { "content-type": "application/problem+json", "retry-after": "1" },
  });
}

/** RFC 8620 §3.7, for the paths that the webmail uses. */
function resolveReferences(
  args: Record<string, unknown>,
  responses: readonly Invocation[],
): Record<string, unknown> {
  const resolved: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(args)) {
    if (!name.startsWith("#")) resolved[name] = value;
    else {
      const { resultOf, name: method, path } = value as { resultOf: string; name: string; path: string };
      const answer = responses.find(([one, , id]) => id === resultOf && one === method)?.[1];
      if (answer === undefined) throw new ScriptedError("invalidResultReference");
      resolved[name.slice(1)] = answer[path.slice(1)];
    }
  }
  return resolved;
}
