/** nginx as a bare proxy before Stalwart: what any hop costs. It puts the box's credential on, and does nothing else. */
import { startProcess } from "../scripts/stack/part.ts";
import type { World } from "./world.ts";

export async function startBareProxy(
  nginx: string,
  world: World,
): Promise<{ url: string; stop(): Promise<void> }> {
  const { origin, pathname } = new URL(world.straight.jmapUrl);
  const directory = `${world.directory}/nginx`;
  await Deno.mkdir(directory, { recursive: true });
  const configuration = `
daemon off;
worker_processes 1;
pid ${directory}/pid;
error_log ${directory}/error.log;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/f; uwsgi_temp_path ${directory}/u; scgi_temp_path ${directory}/s;
  upstream stalwart { server ${new URL(origin).host}; keepalive 32; }
  server {
    listen 127.0.0.1:${world.sparePort};
    location ${pathname} {
      proxy_pass http://stalwart; proxy_http_version 1.1;
      proxy_set_header Connection ""; proxy_set_header Authorization "${world.straight.authorization}";
    }
  }
}
`;
  await Deno.writeTextFile(`${directory}/nginx.conf`, configuration);
  const url = `http://127.0.0.1:${world.sparePort}${pathname}`;
  const running = await startProcess({
    name: "nginx",
    command: nginx,
    args: ["-p", directory, "-c", `${directory}/nginx.conf`],
    workingDirectory: directory,
    directory,
    ready: {
      check: () =>
        fetch(url, { method: "POST" }).then(({ body }) => body?.cancel()).then(() => true, () => false),
    },
    readyTimeoutSeconds: 10,
    log: () => {},
  });
  return { url, stop: () => running.stop() };
}
