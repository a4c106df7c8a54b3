import { Argument, type Command } from 'commander';
import { examples } from '../options/examples.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

export function completionCommand(program: Command): void {
  const command = program
    .command('completion')
    .addArgument(new Argument('<shell>', 'for which shell').choices(SHELLS))
    .description('print a script that completes commands and options in a shell')
    .action(async (shell: (typeof SHELLS)[number]) => {
      process.stdout.write(await script(program, shell));
    });
  examples(
    command,
    'source <(vlab completion bash)          # in ~/.bashrc',
    'source <(vlab completion zsh)           # in ~/.zshrc, after compinit',
    'vlab completion fish | source           # in ~/.config/fish/config.fish',
  );
}

async function script(program: Command, shell: (typeof SHELLS)[number]): Promise<string> {
  const all = (await import('../completion/tree.js')).places(program);
  switch (shell) {
    case 'bash':
      return (await import('../completion/bash.js')).bashScript(all);
    case 'zsh':
      return (await import('../completion/zsh.js')).zshScript(all);
    case 'fish':
      return (await import('../completion/fish.js')).fishScript(all);
  }
}
