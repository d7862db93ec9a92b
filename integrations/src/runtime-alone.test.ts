import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { loadStudent } from '@kd/students'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { root } from './packages.ts'
import { compilerPackages, installedPackages, makeProject, type Project } from './project.ts'

const saved = join(root, 'packages/runtime/fixtures/student-v1')

let project: Project
beforeAll(async () => {
  project = await makeProject('runtime-alone', inject('registry'))
  await project.install(['@kd/runtime', ...compilerPackages])
})
afterAll(() => project?.remove())

it('comes alone', async () => {
  expect((await installedPackages(project)).filter((name) => !/typescript|types/.test(name))).toEqual(['@kd/runtime'])
})

it('type-checks, and answers in five lines, of a student as it was saved and of a packed one', async () => {
  expect(await project.compile('nodenext')).toBe('')
  const place = join(project.folder, 'my-student')
  const student = await loadStudent(saved)
  for (const save of [() => cp(saved, place, { recursive: true }), () => student.save(place, { weights: 'int8' })]) {
    await save()
    const { code, stdout, stderr } = await project.run('node', ['main.js'])
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(stdout).toBe('positive 0.99\n')
  }
  student.dispose()
})
