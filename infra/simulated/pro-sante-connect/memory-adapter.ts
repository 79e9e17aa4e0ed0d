/** What oidc-provider keeps, in memory: the simulator forgets everything when it stops. */

interface Stored {
  readonly payload: Record<string, unknown>;
  readonly expiresAt: number;
}

/** Storage shared by all models of one simulator, so that a new signing key (a new Provider) loses no session. */
export function createMemoryAdapter(now: () => number): new (model: string) => unknown {
  const rows = new Map<string, Stored>();

  function live(key: string): Record<string, unknown> | undefined {
    const row = rows.get(key);
    if (row && row.expiresAt < now()) {
      rows.delete(key);
      return undefined;
    }
    return row?.payload;
  }

  function sweep(): void {
    for (const [key, row] of rows) if (row.expiresAt < now()) rows.delete(key);
  }

  return class MemoryAdapter {
    constructor(private readonly model: string) {}

    private key(id: string): string {
      return `${this.model}:${id}`;
    }

    upsert(id: string, payload: Record<string, unknown>, expiresIn?: number): Promise<void> {
      if (rows.size % 1_000 === 999) sweep();
      rows.set(this.key(id), { payload, expiresAt: expiresIn ? now() + expiresIn * 1_000 : Infinity });
      return Promise.resolve();
    }

    find(id: string): Promise<Record<string, unknown> | undefined> {
      return Promise.resolve(live(this.key(id)));
    }

    findByUid(uid: string): Promise<Record<string, unknown> | undefined> {
      for (const [key, row] of rows) {
        if (key.startsWith(`${this.model}:`) && row.payload.uid === uid) return Promise.resolve(live(key));
      }
      return Promise.resolve(undefined);
    }

    findByUserCode(): Promise<undefined> {
      return Promise.resolve(undefined);
    }

    consume(id: string): Promise<void> {
      const payload = live(this.key(id));
      if (payload) payload.consumed = Math.floor(now() / 1_000);
      return Promise.resolve();
    }

    destroy(id: string): Promise<void> {
      rows.delete(this.key(id));
      return Promise.resolve();
    }

    revokeByGrantId(grantId: string): Promise<void> {
      for (const [key, row] of rows) if (row.payload.grantId === grantId) rows.delete(key);
      return Promise.resolve();
    }
  };
}
