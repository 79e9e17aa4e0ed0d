/** What every admin screen shares: who is signed in, the API, the questions, the messages, the commands, the long work. */
import { createContext } from "svelte";
import { goto } from "$app/navigation";
import { ApiProblem } from "#lib/api/api-problem.ts";
import type { PersonSession } from "#lib/api/session.ts";
import { m } from "#lib/i18n/generated/messages.js";
import type { Toasts } from "#lib/ui/toasts.svelte.ts";
import type { Act } from "../act/act.ts";
import type { Api } from "../client/client.ts";
import { sentenceOf } from "../client/refusal.ts";
import { Commands } from "../palette/commands.svelte.ts";
import { Works } from "../work/works.svelte.ts";
import { type KnownStructure, Rights } from "./rights.ts";

const rememberedStructure = "mss.admin.structure";

export class Admin {
  readonly api: Api;
  readonly session: PersonSession;
  readonly rights: Rights;
  readonly toasts: Toasts;
  readonly commands = new Commands();
  readonly works: Works;
  /** The act that the person is being asked about. */
  act = $state.raw<Act>();
  /** The session has ended: over everything, a way to sign in again. */
  isSignedOut = $state(false);
  /** The structure that the screens are about; the last one while a screen is about none. */
  structure = $state.raw<KnownStructure>();
  paletteShown = $state(false);
  navigationShown = $state(false);

  constructor(api: Api, session: PersonSession, toasts: Toasts) {
    this.api = api;
    this.session = session;
    this.toasts = toasts;
    this.rights = new Rights(session);
    this.works = new Works(api, (text, { href, isDownload }) => {
      const label = isDownload === true ? m.admin_download() : m.admin_see();
      const run = () => isDownload === true ? location.assign(href) : void goto(href);
      toasts.show(text, { action: { label, run } });
    });
    this.structure = readStructure(this.rights);
  }

  /** The screens are about this structure from now on. */
  enter(structure: KnownStructure): void {
    if (structure.id === this.structure?.id && structure.name === this.structure.name) return;
    this.structure = { id: structure.id, name: structure.name };
    sessionStorage.setItem(rememberedStructure, JSON.stringify(this.structure));
  }

  /** Asks before an act; what will happen is shown first. */
  ask(act: Act): void {
    this.act = act;
  }

  /** Says what went wrong. A session that has ended has its own place on the screen. */
  fail(error: unknown): void {
    if (error instanceof DOMException && error.name === "AbortError") return;
    if (error instanceof ApiProblem && error.slug === "sign-in-required") this.isSignedOut = true;
    else this.toasts.show(sentenceOf(error), { tone: "error" });
  }

  /** Runs something that may be refused; says so when it is. */
  async try(run: () => Promise<void>): Promise<boolean> {
    try {
      await run();
      return true;
    } catch (error) {
      this.fail(error);
      return false;
    }
  }
}

function readStructure(rights: Rights): KnownStructure | undefined {
  const own = rights.structures;
  try {
    const kept = JSON.parse(sessionStorage.getItem(rememberedStructure) ?? "null") as KnownStructure | null;
    if (kept !== null && (rights.isStaff || own.some(({ id }) => id === kept.id))) return kept;
  } catch {
    sessionStorage.removeItem(rememberedStructure);
  }
  return own[0];
}

export const [useAdmin, provideAdmin] = createContext<Admin>();
