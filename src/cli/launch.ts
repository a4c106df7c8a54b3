import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { constants as system } from 'node:os';
import { join } from 'node:path';
import type { Program } from './connect/programs.js';
import { Failure } from './failure.js';

/** The first of the programs that is installed, with the path of its file. */
export function findProgram(
  programs: readonly Program[],
  folders: readonly string[],
  platform: NodeJS.Platform = process.platform,
): { program: Program; file: string } | undefined {
  const endings = platform === 'win32' ? ['.exe', '.com'] : [''];
  for (const program of programs) {
    for (const folder of folders) {
      const file = endings.map((ending) => join(folder, program.name + ending)).find(isProgram);
      if (file !== undefined) return { program, file };
    }
  }
  return undefined;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/**
 * Starts a program, through no shell. One of this terminal gets it until it ends, and its exit code is the answer; one
 * with a window goes on by itself, and the answer is 0 as soon as it runs.
 */
export function launch(file: string, { args, terminal }: Program): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, terminal ? { stdio: 'inherit' } : { stdio: 'ignore', detached: true });
    // Ctrl-C in this terminal is for the program that has it.
    const leaveIt = (): void => undefined;
    const done = (code: number): void => {
      process.off('SIGINT', leaveIt);
      resolve(code);
    };
    child.once('error', (error) => reject(new Failure(`${file} cannot be started (${error.message}).`)));
    if (terminal) {
      process.on('SIGINT', leaveIt);
      child.once('close', (code, signal) => done(code ?? 128 + (signal === null ? 0 : system.signals[signal])));
    } else {
      child.once('spawn', () => {
        child.unref();
        done(0);
      });
    }
  });
}
