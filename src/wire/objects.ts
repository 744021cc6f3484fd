/** Objects of the data plane: what kinds there are, and which ids an answer tells. Shapes: OpenAI's v1 reference, Azure's v1 API. */
import { isRecord, listOf, textOrNull } from './json.ts'

export type ObjectKind = 'response' | 'file' | 'batch' | 'vector_store' | 'conversation'

/**
 * How to read the answer of an operation for ids. `batch_again` and `response_again` are answers about an object that is known
 * already, and that by now may have brought forth others: a batch its files of answers, a response in the background its items.
 * Lists of input items tell nothing: ids of input are the client's to choose, and could be somebody else's.
 */
export type CreatedKind = ObjectKind | 'batch_again' | 'response_again'

export interface CreatedIds {
  /** What the record of the exchange names as created. */
  readonly objectId: string | null
  /** With it everything else that can be referred to later: answer files of a batch, items and containers of a response. */
  readonly all: readonly string[]
}

const none: CreatedIds = { objectId: null, all: [] }

export function createdIds(kind: CreatedKind, document: Readonly<Record<string, unknown>>): CreatedIds {
  const id = textOrNull(document['id'])
  if (id === null) return none
  switch (kind) {
    case 'response':
      // Nothing is kept of it: an id of it leads nowhere.
      return document['store'] === false ? none : { objectId: id, all: [id, ...partsOfResponse(document)] }
    case 'response_again':
      return { objectId: null, all: partsOfResponse(document) }
    case 'batch':
      return { objectId: id, all: [id, ...filesOfBatch(document)] }
    case 'batch_again': {
      const files = filesOfBatch(document)
      return { objectId: files[0] ?? null, all: files }
    }
    default:
      return { objectId: id, all: [id] }
  }
}

function filesOfBatch(batch: Readonly<Record<string, unknown>>): string[] {
  return [textOrNull(batch['output_file_id']), textOrNull(batch['error_file_id'])].filter(id => id !== null)
}

/** Items can be put into a later input by id alone (`item_reference`); a container can be named by a later call's tool. */
function partsOfResponse(response: Readonly<Record<string, unknown>>): string[] {
  return listOf(response['output'])
    .filter(isRecord)
    .flatMap(item => [textOrNull(item['id']), textOrNull(item['container_id'])])
    .filter(id => id !== null)
}
