import { Option, type Command } from 'commander';
import { EXIT, Failure, usage } from '../failure.js';
import { examples } from '../options/examples.js';
import type { Output } from '../output/output.js';
import { openSession, traceOf, type GlobalOptions } from '../session.js';

const TYPES = ['all', 'pools', 'subnets', 'reservations', 'leases'];
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
};

interface ImportOptions {
  readonly type: string;
  readonly format?: string;
  readonly dryRun?: boolean;
}

/** A line of the answer. */
interface Line {
  phase?: string;
  lines?: number | { type: string | null; line: number; field: string; reason: string }[];
  type?: string;
  done?: number | boolean;
  of?: number;
  applied?: Readonly<Record<string, number>>;
  badLines?: number;
  problem?: { detail: string };
}

export function importCommand(program: Command): void {
  const command = program
    .command('import <file>')
    .description('pools, subnets, reservations and leases from a file: all of it, or nothing when a line is bad')
    .addOption(
      new Option('--type <type>', 'what the lines of a CSV without a column "type" are').choices(TYPES).default('all'),
    )
    .addOption(
      new Option('--format <format>', "how it is written (default: as the file's name ends)").choices(
        Object.keys(MEDIA_TYPES),
      ),
    )
    .option('--dry-run', 'check everything, apply nothing')
    .action(async (file: string, options: ImportOptions, self: Command) => {
      const global = self.optsWithGlobals<GlobalOptions>();
      const format = options.format ?? file.split('.').at(-1)?.toLowerCase() ?? '';
      const mediaType = MEDIA_TYPES[format];
      if (mediaType === undefined) throw usage('Say with --format how the file is written: json, ndjson or csv.');
      const { url, token, out } = await openSession(global);
      const { upload } = await import('../transfer/upload.js');
      const query = new URLSearchParams({ type: options.type, dryRun: String(options.dryRun === true) });
      const who = token === undefined ? {} : { token };
      let last = '';
      for await (const text of upload({
        url,
        ...who,
        path: `/import?${query.toString()}`,
        file,
        mediaType,
        ...traceOf(global),
      })) {
        last = text;
        showProgress(JSON.parse(text) as Line);
      }
      showProgress({});
      tell(out, file, last);
    });
  examples(
    command,
    'vlab import berth.ndjson',
    'vlab import --dry-run hosts.csv',
    'vlab import --type leases leases.csv',
  );
}

/** One line that is written over, for whoever looks on. */
function showProgress({ phase, lines, type, done, of }: Line): void {
  if (!process.stderr.isTTY) return;
  const text =
    phase === 'applying'
      ? `${type}s: ${String(done)} of ${of}`
      : phase === undefined
        ? ''
        : `${phase}: ${typeof lines === 'number' ? lines : 0} lines`;
  process.stderr.write(`\r\u001b[K${text}`);
}

/** What was applied; the bad lines, as a failure, otherwise. */
function tell(out: Output, file: string, text: string): void {
  const { done, applied = {}, badLines = 0, lines, problem } = JSON.parse(text === '' ? '{}' : text) as Line;
  if (out.json) out.raw(text);
  if (done === true) {
    const counts = Object.entries(applied).map(([noun, count]) => `${count} ${noun}s`);
    if (!out.json)
      out.say(
        `${text.includes('"dryRun":true') ? 'Would be imported' : 'Imported'} from ${file}: ${counts.join(', ')}.`,
      );
    return;
  }
  if (problem !== undefined) throw new Failure(problem.detail);
  if (!Array.isArray(lines)) throw new Failure('The answer broke off: whether it was imported is not known.');
  const told = lines.map(
    ({ type, line, field, reason }) => `  line ${line} (${type ?? 'unknown'}): ${field} ${reason}`,
  );
  if (badLines > lines.length) told.push(`  and ${badLines - lines.length} more`);
  throw new Failure(`Nothing was imported: ${badLines} bad lines in ${file}.`, EXIT.error, told);
}
