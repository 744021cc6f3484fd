import { testRehearsal } from '../rehearse.fixture.ts'

testRehearsal('two-regions')
