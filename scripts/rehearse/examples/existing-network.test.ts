import { testRehearsal } from '../rehearse.fixture.ts'

testRehearsal('existing-network')
