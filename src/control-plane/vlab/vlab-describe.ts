/** What `?describe` answers with: JSON Schema draft-04 of what each method takes and gives (contracts/vlab.md section 3.2). */

interface Described {
  body: object;
  args: object;
  response: object;
}

const SCHEMA = 'http://json-schema.org/draft-04/schema#';

const object = (description: string, properties: Record<string, object>, required: string[] = []): object => ({
  $schema: SCHEMA,
  description,
  type: 'object',
  properties,
  ...(required.length > 0 && { required }),
});

const string = (description: string): object => ({ type: 'string', description });
const integer = (description: string): object => ({ type: 'integer', description });

const RESPONSE = object(
  'What every answer is',
  { error: { type: ['string', 'null'] }, content: { type: 'object' }, params: { type: 'object' } },
  ['error', 'content', 'params'],
);

const described = ({ body = {}, args = {} }: Partial<Described>): Described => ({ body, response: RESPONSE, args });

export const PORTMAP_DESCRIPTION = {
  post: described({
    body: object(
      'Map a port of the gateway to a machine',
      {
        target_addr: string('IPv4 address of the machine'),
        target_port: integer('Port of the machine'),
        target_name: string('Name of the machine'),
        target_component: string('What the machine is, such as Windows'),
      },
      ['target_addr', 'target_port', 'target_name', 'target_component'],
    ),
  }),
  delete: described({
    body: object('Delete a port map', { conn_port: integer('Its port on the gateway') }, ['conn_port']),
  }),
  get: described({
    args: object('Port maps for which all of these are exactly so', {
      name: string('Name of the machine'),
      target_addr: string('IPv4 address of the machine'),
      component: string('What the machine is'),
      target_port: integer('Port of the machine'),
      conn_port: integer('Port on the gateway'),
    }),
  }),
};

export const ADDR_DESCRIPTION = {
  get: described({
    args: object('Machines with port maps, at most one of these', {
      name: string('Name of the machine'),
      addr: string('IPv4 address of the machine'),
      component: string('What the machine is'),
    }),
  }),
};
