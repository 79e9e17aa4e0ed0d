/**
 * A commit that hangs: the database has written a message and cannot say so yet, reading goes on. Whoever asked gets no answer,
 * looks for his message, finds none and writes it again; then both are there. Seen with PostgreSQL on a machine that
 * had no time left; a disk that stalls does the same.
 *
 * The client is the webmail's own code. Needs Stalwart: only there the mail lies in PostgreSQL.
 */
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mailServersAtHand, type Stack, startStack } from "../../support/stack.ts";
import { until } from "../../support/until.ts";
import { type Box, openBox, withMessageId } from "../support/mail.ts";
import { Visitor } from "../support/visitor.ts";
import { WebmailClient } from "../support/webmail-client.ts";

const sender = "anne.allard@alpha.mssante.test";
const recipient = "bruno.bernard@beta.mssante.test";

/** Stalwart's collection of threads in its log of changes: only the commit of a new message writes there. */
const threads = 1;

/** Lets the commits of new messages wait for a standby that does not exist, everything else pass. */
class Database {
  private constructor(private readonly platform: pg.Client, private readonly mail: pg.Client) {}

  static async open(url: string): Promise<Database> {
    const mailUrl = new URL(url);
    mailUrl.pathname = "/stalwart";
    const database = new Database(new pg.Client(url), new pg.Client(mailUrl.href));
    await database.platform.connect();
    await database.mail.connect();
    await database.platform.query("alter system set synchronous_commit = 'local'");
    await database.mail.query(`
      create function launcher.wait_for_standby() returns trigger language plpgsql as
        $$ begin perform set_config('synchronous_commit', 'on', true); return null; end $$;
      create trigger waits after insert on public.l for each row when (get_byte(new.k, 4) = ${threads})
        execute function launcher.wait_for_standby();
    `);
    return database;
  }

  async hang(): Promise<void> {
    await this.platform.query("alter system set synchronous_standby_names = 'nobody'");
    await this.#reload();
  }

  async goOn(): Promise<void> {
    await this.platform.query("alter system reset synchronous_standby_names");
    await this.#reload();
  }

  async hasHanging(): Promise<boolean> {
    const { rows } = await this.platform.query(
      "select 1 from pg_stat_activity where datname = 'stalwart' and wait_event = 'SyncRep'",
    );
    return rows.length > 0;
  }

  async #reload(): Promise<void> {
    await this.platform.query("select pg_reload_conf()");
  }

  async close(): Promise<void> {
    await this.goOn();
    await Promise.all([this.platform.end(), this.mail.end()]);
  }
}

describe.each(mailServersAtHand().filter((kind) => kind === "stalwart"))(
  "a commit that hangs, on %s",
  (mail) => {
    let stack: Stack;
    let database: Database;
    let anne: Visitor;
    let box: Box;
    let client: WebmailClient;

    beforeAll(async () => {
      stack = await startStack({ mail });
      anne = await Visitor.signIn(stack.baseUrl, "anne-allard");
      box = await openBox(anne, sender);
      client = new WebmailClient(anne, box);
      database = await Database.open(stack.adminDatabaseUrl);
    }, 180_000);
    afterAll(async () => {
      await database?.close();
      await stack?.stop();
    }, 60_000);

    /** The answer to what is under way is lost while its commit hangs, and its author tries again before the commit ends. */
    async function loseAnswerOf(act: () => Promise<unknown>): Promise<void> {
      await database.hang();
      const acting = act();
      await until("the commit hangs", () => database.hasHanging());
      await stack.part("api").kill();
      await stack.part("api").start();
      await until("it is written again, or looked for behind the commit", () => client.waitsLongerThan(300));
      await database.goOn();
      await acting;
    }

    test("a draft saved again is one draft", { timeout: 120_000 }, async () => {
      const draft = client.write(recipient, "Brouillon");
      await loseAnswerOf(() => client.saveSurely(draft));
      expect(await withMessageId(anne, box.accountId, draft.content.messageId)).toHaveLength(1);
    });

    test("a letter sent again leaves once, and no draft of it stays", { timeout: 120_000 }, async () => {
      const draft = client.write(recipient, "Courrier");
      await loseAnswerOf(() => client.sendSurely(draft));
      const kept = await withMessageId(anne, box.accountId, draft.content.messageId);
      expect(kept).toHaveLength(1);
      expect(await withMessageId(anne, box.accountId, draft.content.messageId, box.sent)).toEqual(kept);
      expect(await withMessageId(anne, box.accountId, draft.content.messageId, box.drafts)).toEqual([]);
    });
  },
);
