import { randomBytes } from 'node:crypto';
import { chownSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The directory in which `berth up` keeps everything: database, key, tokens, lock. */
export class Home {
  private constructor(readonly path: string) {}

  /** Makes the directory when it is missing and proves that it can be written. */
  static open(path: string): Home {
    const home = new Home(resolve(path));
    try {
      mkdirSync(home.path, { recursive: true, mode: 0o755 });
      const probe = home.file(`.probe-${process.pid}`);
      writeFileSync(probe, '');
      rmSync(probe);
    } catch (error) {
      throw new Error(
        `${home.path} cannot be written (${codeOf(error)}): make it writable for this user, run as the user who made it, ` +
          'or set BERTH_HOME to another directory.',
        { cause: error },
      );
    }
    return home;
  }

  file(name: string): string {
    return join(this.path, name);
  }

  read(name: string): string | undefined {
    try {
      return readFileSync(this.file(name), 'utf8');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw new Error(`${this.file(name)} cannot be read (${codeOf(error)}).`, { cause: error });
    }
  }

  /** Replaces the file as a whole, readable by its owner only: a crash leaves the old content or the new. */
  writePrivate(name: string, content: string): string {
    const draft = this.file(`${name}.${process.pid}.new`);
    writeFileSync(draft, content, { mode: 0o600, flush: true });
    this.give(draft);
    renameSync(draft, this.file(name));
    return this.file(name);
  }

  /** After one start with sudo, a user's home stays the user's. */
  give(path: string): void {
    if (process.getuid?.() !== 0) return;
    const { uid, gid } = statSync(this.path);
    chownSync(path, uid, gid);
  }

  /** A random key that is made once and kept. */
  keepKey(name: string): string {
    const kept = this.read(name)?.trim();
    if (kept !== undefined && kept !== '') return kept;
    const made = randomBytes(32).toString('base64url');
    this.writePrivate(name, `${made}\n`);
    return made;
  }
}

/** The code of a system or database error, such as ENOENT or 28P01; else what the error says. */
export function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : String(error);
}
