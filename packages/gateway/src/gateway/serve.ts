/**
 * The life of a call as a sentence: each stage takes what the stage before it returned. Whatever ends the sentence
 * early becomes an answer to the client and a record in the ledger. `stages/index.ts` says why the stages are in this
 * order.
 */

import { answerList, isList } from './answers/lists.ts'
import { answerModels } from './answers/models.ts'
import type { Call } from './call.ts'
import { conclude, refuse } from './endings.ts'
import { newExchange } from './exchange.ts'
import { askBeforeDelete } from './follow-ups/before-delete.ts'
import type { GatewayParts } from './parts.ts'
import { accept } from './stages/0-accept/index.ts'
import { withAddress } from './stages/1-resolve/advice.ts'
import { resolve } from './stages/1-resolve/index.ts'
import { authenticate } from './stages/2-authenticate/index.ts'
import { authorize } from './stages/3-authorize/index.ts'
import { BodyHold } from './stages/4-receive/budget.ts'
import { receive } from './stages/4-receive/index.ts'
import { locate } from './stages/5-locate/index.ts'
import { admit } from './stages/6-admit/index.ts'
import { dispatch } from './stages/7-dispatch/index.ts'

export async function serve(call: Call, parts: GatewayParts): Promise<void> {
  const exchange = newExchange(call, parts)
  const hold = new BodyHold(parts.guards.bodies)
  try {
    accept(call)
    const resolved = resolve(exchange, parts)
    const authenticated = await authenticate(resolved, parts)
    const authorized = authorize(authenticated)
    if (authorized.route.operation.answeredHere) {
      return await conclude(authorized, await answerModels(authorized), parts)
    }
    const received = await receive(authorized, hold, parts)
    const located = await locate(received, parts)
    const admitted = await admit(located, parts)
    await askBeforeDelete(admitted, parts)
    const relayed = await (isList(admitted) ? answerList(admitted, parts) : dispatch(admitted, hold, parts))
    await conclude(admitted, relayed, parts)
  } catch (error) {
    await refuse(exchange, await withAddress(error, exchange, parts), parts)
  } finally {
    // Until now the body might have been sent again, or counted.
    hold.release()
  }
}
