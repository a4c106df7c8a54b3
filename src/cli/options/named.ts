import type { Command } from 'commander';

/**
 * Demands --name of a command and of those below it. As a required option of commander's it could not stand for both;
 * and what a command has, it takes for those below it too, so that theirs is to be found in `optsWithGlobals`.
 */
export const requireName = (command: Command): Command =>
  command.hook('preAction', (_, acting) => {
    if (acting.optsWithGlobals<{ name?: string }>().name === undefined) {
      acting.error("error: required option '-n, --name <name>' not specified", { exitCode: 2 });
    }
  });

/** Refuses options of the command above that this one does not have: they would count for nothing. */
export function refuseForeign(acting: Command): void {
  const { parent } = acting;
  const own = new Set(acting.options.map((option) => option.attributeName()));
  const foreign = parent?.options.find((option) => {
    const key = option.attributeName();
    return !own.has(key) && parent.getOptionValueSource(key) === 'cli';
  });
  if (foreign !== undefined) {
    acting.error(`error: ${foreign.long ?? foreign.flags} does not go with ${parent?.name() ?? ''} ${acting.name()}`, {
      exitCode: 2,
    });
  }
}
