/** One screen of the console: its path, for whom it is, and its place in the navigation. */
import type { Component } from "svelte";
import type { AdminIconName } from "../ui/icon-paths.ts";
import type { Rights } from "./rights.ts";

/** The variable parts of a path; those that it has not are empty. */
export interface PageParams {
  readonly structureId: string;
  readonly mailboxId: string;
  readonly domainId: string;
  readonly personId: string;
  /** Any other thing: a batch, a campaign, a webhook. */
  readonly id: string;
}

export interface PageProps {
  readonly params: PageParams;
}

export interface AdminPage {
  /** Below /admin, with `:name` for a variable part: `structures/:structureId/mailboxes`. */
  readonly path: string;
  readonly open: () => Promise<{ readonly default: Component<PageProps> }>;
  /** For whom it is; everybody who administers anything when absent. Others who type its address are told so. */
  readonly isFor?: (rights: Rights, structureId: string | null) => boolean;
  /** Its place in the navigation and in Ctrl+K; a screen without is reached from another. */
  readonly nav?: {
    /** `platform`: of the operator. `structure`: of the structure chosen, whose id the path then names. */
    readonly part: "platform" | "structure";
    readonly label: () => string;
    readonly icon: AdminIconName;
    /** Order within its part. */
    readonly order: number;
    /** Where not all for whom it is are led to it. */
    readonly shown?: (rights: Rights, structureId: string | null) => boolean;
  };
}

/** Where a screen is; `structureId` fills the path's own. */
export function pathOf(page: AdminPage, structureId = ""): string {
  return `/admin${page.path === "" ? "" : "/"}${page.path.replace(":structureId", structureId)}`;
}
