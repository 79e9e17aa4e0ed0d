/** How Cyrus' programs are run: they have their own libc, so they start through its loader. */

export interface CyrusPrograms {
  /** The loader with its arguments; a program's path and its arguments follow. */
  readonly loader: readonly [command: string, ...args: string[]];
  readonly binaries: string;
  readonly saslPath: string;
}

/** @param packages directory that packages.sh has filled. */
export function cyrusPrograms(packages: string): CyrusPrograms {
  const libraries = `${packages}/usr/lib/x86_64-linux-gnu`;
  return {
    loader: [`${libraries}/ld-linux-x86-64.so.2`, "--library-path", libraries],
    binaries: `${packages}/usr/lib/cyrus/bin`,
    saslPath: `${libraries}/sasl2`,
  };
}
