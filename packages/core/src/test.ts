export { FailingFileSystem } from './fakes/failing-file-system.ts'
export { fakeTeacher } from './fakes/fake-teacher.ts'
