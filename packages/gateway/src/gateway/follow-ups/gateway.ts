import type { EndingParts } from '../endings.ts'
import type { GatewayParts } from '../parts.ts'
import type { OpenRecordParts } from '../stages/9-record/open.ts'

/** The parts of the gateway that a follow-up uses. */
export type FollowUpGateway = EndingParts & OpenRecordParts & Pick<GatewayParts, 'resolve' | 'plan' | 'demonstration'>
