import { ApiProperty } from '@nestjs/swagger';

export class HealthDocument {
  @ApiProperty({ example: 'ok' })
  status: string;
}
