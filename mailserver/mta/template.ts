/**
 * Fills `@@NAME@@` in a configuration template.
 *
 * @throws Error when a name has no value, a value has no place, or a value could break out of its line.
 */
export function fillTemplate(template: string, values: Readonly<Record<string, string | number>>): string {
  const unused = new Set(Object.keys(values));
  const filled = template.replaceAll(/@@([A-Z_]+)@@/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`the template wants ${name}, which has no value`);
    if (/[\p{Cc}]/u.test(String(value))) throw new Error(`the value of ${name} holds a control character`);
    unused.delete(name);
    return String(value);
  });
  if (unused.size > 0) throw new Error(`the template has no place for ${[...unused].join(", ")}`);
  return filled;
}
