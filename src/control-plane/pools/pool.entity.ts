import { Entity } from 'typeorm';
import { ResourceEntity } from '../resource/resource.entity.js';

/** A container of subnets, which never overlap within it. */
@Entity('pool')
export class PoolEntity extends ResourceEntity {}
