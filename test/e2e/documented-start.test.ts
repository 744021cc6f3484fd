// A command that fails when it is pasted is the end of a reader's trust in the page.
import { pasteCommandsOf } from '../support/documented.ts'

pasteCommandsOf(['README.md', 'docs/start.md'])
