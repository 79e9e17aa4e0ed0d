/** Dovecot's HTTP interface as far as the platform speaks to it, spoken to over the network. */
export function startScriptedDoveadm(key: string) {
  let sessions: { username: string; user_person: string }[] = [];
  let isAway = false;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const authorization = `X-Dovecot-API ${new TextEncoder().encode(key).toBase64()}`;
    if (isAway) return new Response("away", { status: 500 });
    if (request.headers.get("authorization") !== authorization) return new Response("", { status: 401 });
    const [[command, parameters, tag]] = await request.json();
    if (command === "proxyList") {
      const columns = { username: "username", user_person: "user_person", service: "service" };
      const lines = sessions.map((one) => ({ ...one, service: "imap" }));
      return Response.json([["doveadmResponse", [columns, ...lines], tag]]);
    }
    if (command === "proxyKick" && parameters.passdbField === "user_person") {
      sessions = sessions.filter((one) => !parameters.user.includes(one.user_person));
      return Response.json([["doveadmResponse", [{ count: "1" }], tag]]);
    }
    return Response.json([["error", { type: "unknownMethod" }, tag]]);
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    connect: (username: string, proof: string) => void sessions.push({ username, user_person: proof }),
    has: (proof: string) => sessions.some((one) => one.user_person === proof),
    count: () => sessions.length,
    setAway: (value: boolean) => {
      isAway = value;
    },
    close: () => server.shutdown(),
  };
}
