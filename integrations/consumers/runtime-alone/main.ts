import { load } from '@kd/runtime'

const student = await load('./my-student')
const { label, probability } = student.predict('so good that I called my mother')
console.log(label, probability.toFixed(2))
