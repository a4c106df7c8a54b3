import { cliEnvironment } from '../../platform/config/cli-environment.js';
import { isProgram } from '../launch.js';
import type { Machine } from './program.js';

/** The machine that this runs on, and where the user's choice of programs is. */
export function thisMachine(): Machine & { readonly vlabFolder: string } {
  const { home, path, programs, vlabFolder } = cliEnvironment();
  return { platform: process.platform, folders: { path, programs }, home, vlabFolder, isProgram };
}
