/** Objects of the data plane: what kinds there are, and which ids an answer tells. Shapes: OpenAI's v1 reference, Azure's v1 API. */
import { encryptedContents } from './encrypted.ts'
import { isRecord, type JsonRecord, listOf, textOrNull } from './json.ts'

export type ObjectKind =
  | 'response'
  | 'file'
  | 'batch'
  | 'vector_store'
  | 'conversation'
  | 'container'
  | 'upload'
  | 'chat_completion'
  | 'fine_tuning_job'
  | 'eval'
  | 'video'

/**
 * How to read the answer of an operation for ids. `batch_again` and `response_again` are answers about an object that is known
 * already, and that by now may have brought forth others: a batch its files of answers, a response in the background its items.
 * `parts` is an answer that is no object itself and whose output can be put into later calls;
 * `content` is a list of items, of which only what the instance has encrypted counts;
 * `audio` a chat that is not stored, whose sound a later turn names; `upload_again` tells the file that the parts have become.
 * Lists of input items tell nothing: ids of input are the client's to choose, and could be somebody else's.
 */
export type CreatedKind = ObjectKind | 'batch_again' | 'response_again' | 'upload_again' | 'parts' | 'content' | 'audio'

export interface CreatedIds {
  /** What the record of the exchange names as created. */
  readonly objectId: string | null
  /** With it everything else that can be referred to later: answer files of a batch, items and containers of a response. */
  readonly all: readonly string[]
}

const none: CreatedIds = { objectId: null, all: [] }

export function createdIds(kind: CreatedKind, document: JsonRecord): CreatedIds {
  const id = textOrNull(document['id'])
  switch (kind) {
    case 'response': {
      const parts = partsOfResponse(document)
      // Nothing is kept of it: an id of it leads nowhere.
      return id === null || document['store'] === false
        ? { objectId: null, all: parts }
        : { objectId: id, all: [id, ...parts] }
    }
    case 'response_again':
    case 'parts':
      return { objectId: null, all: partsOfResponse(document) }
    case 'batch':
      return id === null ? none : { objectId: id, all: [id, ...filesOfBatch(document)] }
    case 'batch_again': {
      const files = filesOfBatch(document)
      return { objectId: files[0] ?? null, all: files }
    }
    case 'upload_again': {
      const file = isRecord(document['file']) ? textOrNull(document['file']['id']) : null
      return file === null ? none : { objectId: file, all: [file] }
    }
    case 'chat_completion': {
      const sounds = soundsOf(document)
      return id === null ? { objectId: null, all: sounds } : { objectId: id, all: [id, ...sounds] }
    }
    case 'content':
      return { objectId: null, all: encryptedContents(document) }
    case 'audio':
      return { objectId: null, all: soundsOf(document) }
    default:
      return id === null ? none : { objectId: id, all: [id] }
  }
}

/**
 * An event of a Responses stream. The ids of an item are told by the event that begins it, before the response that has it.
 * @param isKept false when the response is not stored, so that an id of an item of it leads nowhere.
 */
export function idsOfEvent(event: JsonRecord, isKept: boolean): readonly string[] {
  const { item, annotation } = event
  return [
    ...(isRecord(item) ? partsOfItem(item, isKept) : []),
    ...(isRecord(annotation) ? idsOfAnnotation(annotation) : []),
    ...encryptedContents(event),
  ]
}

/** Of a chat's answer, or of a piece of one. */
function soundsOf(chat: JsonRecord): string[] {
  return listOf(chat['choices'])
    .filter(isRecord)
    .map(({ message, delta }) => (isRecord(message) ? message : delta))
    .map(said => (isRecord(said) && isRecord(said['audio']) ? textOrNull(said['audio']['id']) : null))
    .filter(id => id !== null)
}

function filesOfBatch(batch: JsonRecord): string[] {
  return [textOrNull(batch['output_file_id']), textOrNull(batch['error_file_id'])].filter(id => id !== null)
}

function partsOfResponse(response: JsonRecord): string[] {
  const isKept = response['store'] !== false
  const output = listOf(response['output']).filter(isRecord)
  return [...output.flatMap(item => partsOfItem(item, isKept)), ...encryptedContents(output)]
}

/**
 * An item can be put into a later input by its id; a container can be named by a later call's tool, and its files can be fetched. Containers are there whether the response is stored or not.
 */
function partsOfItem(item: JsonRecord, isKept: boolean): string[] {
  const { environment } = item
  const ids = [
    isKept ? textOrNull(item['id']) : null,
    textOrNull(item['container_id']),
    isRecord(environment) ? textOrNull(environment['container_id']) : null,
  ].filter(id => id !== null)
  const annotations = listOf(item['content'])
    .filter(isRecord)
    .flatMap(part => listOf(part['annotations']))
    .filter(isRecord)
  return [...ids, ...annotations.flatMap(idsOfAnnotation)]
}

/** `container_file_citation`. Other citations name files of the caller, who owns them already. */
function idsOfAnnotation(annotation: JsonRecord): string[] {
  const container = textOrNull(annotation['container_id'])
  if (container === null) return []
  return [container, textOrNull(annotation['file_id'])].filter(id => id !== null)
}
