#!/usr/bin/env node
import { CommanderError } from 'commander';
import { EXIT, Failure } from './failure.js';
import { safeText } from './output/safe-text.js';
import { vlab, withOldWords } from './program.js';

// Whoever reads may have had enough: `vlab show | head`.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(EXIT.ok);
  });
}

try {
  await vlab().parseAsync(withOldWords(process.argv.slice(2)), { from: 'user' });
} catch (error) {
  process.exitCode = tell(error);
}

/** Says what went wrong, in one sentence and what to do; answers with the exit code. */
function tell(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage; // commander has said it
  if (error instanceof Failure) {
    process.stderr.write([`vlab: ${error.message}`, ...error.hints].map((line) => `${safeText(line)}\n`).join(''));
    return error.exitCode;
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`vlab: this is a fault of vlab itself; please report it:\n${message}\n`);
  return EXIT.error;
}
