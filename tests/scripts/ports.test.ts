import { expect, test } from "vitest";
import { findFreePorts, listeners, requireFreePorts } from "../../scripts/stack/ports.ts";

test("a taken port is refused with its number, what wants it and who holds it", () => {
  const { port } = findFreePorts(["port"]);
  expect(() => requireFreePorts({ "the API": port })).not.toThrow();
  using _holder = Deno.listen({ hostname: "127.0.0.1", port });
  expect(() => requireFreePorts({ "the API": port })).toThrow(
    `Port ${port}, wanted for the API, is taken by ${
      Deno.readTextFileSync("/proc/self/comm").trim()
    } (process ${Deno.pid}).`,
  );
});

test("a port taken on another address of the machine counts as taken", () => {
  const { port } = findFreePorts(["port"]);
  using _holder = Deno.listen({ hostname: "0.0.0.0", port });
  expect(listeners().find((each) => each.port === port)).toMatchObject({ isLoopback: false });
  expect(() => requireFreePorts({ web: port })).toThrow(`Port ${port}`);
});

test("free ports are not handed out twice", () => {
  const names = Array.from({ length: 20 }, (_, index) => `port-${index}`);
  const ports = [...Object.values(findFreePorts(names)), ...Object.values(findFreePorts(names))];
  expect(new Set(ports).size).toBe(40);
});
