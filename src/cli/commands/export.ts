import { Option, type Command } from 'commander';
import { examples } from '../options/examples.js';
import { openSession, traceOf, type GlobalOptions } from '../session.js';

const TYPES = ['all', 'pools', 'subnets', 'reservations', 'leases'];
const FORMATS = ['json', 'ndjson', 'csv'];

interface ExportOptions {
  readonly type: string;
  readonly format?: string;
  readonly pool?: string;
  readonly output?: string;
}

export function exportCommand(program: Command): void {
  const command = program
    .command('export')
    .description('pools, subnets, reservations and leases as they are at one moment')
    .addOption(new Option('--type <type>', 'what').choices(TYPES).default('all'))
    .addOption(new Option('--format <format>', "how (default: as the file's name ends, else json)").choices(FORMATS))
    .option('--pool <pool>', 'only this pool and what is in it')
    .option('-o, --output <file>', 'where to, instead of standard output; the file is there when it is whole')
    .action(async (options: ExportOptions, self: Command) => {
      const global = self.optsWithGlobals<GlobalOptions>();
      const { url, token, out } = await openSession(global);
      const { downloadTo, print } = await import('../transfer/download.js');
      const download = {
        url,
        ...(token === undefined ? {} : { token }),
        path: `/export?${queryOf(options)}`,
        ...traceOf(global),
      };
      if (options.output === undefined) return print(download);
      await downloadTo(options.output, download);
      out.note(`Exported to ${options.output}.`);
    });
  examples(
    command,
    'vlab export -o berth.json',
    'vlab export --type leases --pool lab -o leases.csv',
    'vlab export --format ndjson | jq -r "select(.type == \\"lease\\").address"',
  );
}

function queryOf({ type, format, pool, output }: ExportOptions): string {
  const ending = output?.split('.').at(-1)?.toLowerCase() ?? '';
  const query = new URLSearchParams({ type, format: format ?? (FORMATS.includes(ending) ? ending : 'json') });
  if (pool !== undefined) query.set('pool', pool);
  return query.toString();
}
