import { ApiProperty } from '@nestjs/swagger';
import { PROTOCOLS, type Protocol } from '../../contract/desired-state.js';

/** How people reach a component; `mgmt` is a second web page, `console` the screen of the machine. */
export const CONNECT_PROTOCOLS = ['ssh', 'scp', 'rdp', 'https', 'mgmt', 'console'] as const;
export type ConnectProtocol = (typeof CONNECT_PROTOCOLS)[number];

/** How one port of a kind is used. */
export class KindPort {
  /** Name of the protocol spoken there, as people say it: ssh, rdp, https, ... */
  @ApiProperty({ example: 'rdp' })
  name: string;

  @ApiProperty({ example: 3389 })
  targetPort: number;

  @ApiProperty({ enum: PROTOCOLS })
  protocol: Protocol;

  /** Mapped when a component of the kind is created. */
  @ApiProperty()
  create: boolean;

  /** Where a browser starts; null: at `/`. */
  @ApiProperty({ type: String, nullable: true, example: '/login' })
  path: string | null;
}

/** A kind of component with its ports. */
export class ComponentKind {
  /** As people type it, in lower case. */
  @ApiProperty({ example: 'windows' })
  name: string;

  /** As vLab's clients spell it in `target_component`. */
  @ApiProperty({ example: 'Windows' })
  component: string;

  @ApiProperty({ type: [KindPort] })
  ports: KindPort[];

  /** How components of the kind can be reached. */
  @ApiProperty({ enum: CONNECT_PROTOCOLS, isArray: true })
  connect: ConnectProtocol[];

  /** The port that `vlab connect` uses unless told otherwise; null = the user must say. */
  @ApiProperty({ type: String, nullable: true, example: 'rdp' })
  defaultPort: string | null;

  /** The user to log in as unless told otherwise. */
  @ApiProperty({ example: 'administrator' })
  user: string;
}

export class ComponentKindList {
  @ApiProperty({ type: [ComponentKind] })
  kinds: ComponentKind[];
}
