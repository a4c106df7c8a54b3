import { spawn } from 'node:child_process';
import { accessSync, constants, lstatSync, statSync } from 'node:fs';
import { constants as system } from 'node:os';
import { Failure } from './failure.js';

/** Whether this file can be started. */
export function isProgram(file: string, platform: NodeJS.Platform = process.platform): boolean {
  try {
    // Programs of the Microsoft Store are links that only the system itself can follow.
    if (platform === 'win32') return !lstatSync(file).isDirectory();
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
export function launch(file: string, args: readonly string[], terminal: boolean): Promise<number> {
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
