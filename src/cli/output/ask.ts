import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { Failure, usage } from '../failure.js';
import { safeText } from './safe-text.js';

/** Whether there is somebody who can answer. */
export const canAsk = (): boolean => process.stdin.isTTY && process.stderr.isTTY;

/** Asks on the terminal (standard error: the output may go elsewhere); an empty answer is the usual one. */
export async function ask(question: string, usual = ''): Promise<string> {
  const shown = usual === '' ? `${question}: ` : `${question} [${usual}]: `;
  const line = (await answerTo(safeText(shown), process.stderr)).trim();
  return line === '' ? usual : line;
}

/** The same for what nobody shall read over the shoulder: nothing of it is shown. */
export async function hidden(question: string): Promise<string> {
  if (!canAsk()) throw usage('There is no terminal to ask on.');
  process.stderr.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const text = await answerTo('', nowhere);
  process.stderr.write('\n');
  return text;
}

function answerTo(question: string, output: NodeJS.WritableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: process.stdin, output, terminal: true });
    // Ctrl-C and Ctrl-D.
    const giveUp = (): void => reject(new Failure('Stopped: nothing has been changed.'));
    lines.once('SIGINT', () => lines.close());
    lines.once('close', giveUp);
    lines.question(question, (line) => {
      lines.off('close', giveUp);
      lines.close();
      resolve(line);
    });
  });
}
