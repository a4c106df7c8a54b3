import type { ComponentOf } from '../client/client.js';
import { Failure } from '../failure.js';
import { cited } from '../output/words.js';

/**
 * The URL of a machine's console. Berth makes no machines and asks no vCenter: whoever made the machine says it in the
 * component's metadata. Only these schemes: a program is started with it.
 */
export function consoleOf({ name, metadata }: Pick<ComponentOf, 'name' | 'metadata'>): string | undefined {
  const said = typeof metadata === 'object' && metadata !== null ? metadata : {};
  const url: unknown = 'console' in said ? said.console : undefined;
  if (url === undefined || url === null) return undefined;
  if (typeof url === 'string' && /^(vmrc|https?):\/\/[^\s\p{Cc}"'<>\\^`{|}]+$/u.test(url)) return url;
  throw new Failure(`The metadata of ${JSON.stringify(name)} has a console that is no vmrc: or https: URL.`);
}

export const noConsole = (name: string): Failure =>
  new Failure(`It is not known where the console of ${JSON.stringify(name)} is.`, undefined, [
    `Whoever makes the machine says it in the component's metadata: ${cited(
      `--metadata '{"console": "vmrc://vcenter.example/?moid=vm-20"}'`,
    )} with "vlab create".`,
  ]);
