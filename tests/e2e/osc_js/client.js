// A client of the control surface as the ecosystem's web UI is one. Each line of JSON on stdin,
// [address, ...arguments], is sent; each message that comes is a line of JSON on stdout.
import { createInterface } from 'node:readline'
import OSC from 'osc-js'

const [host, port] = process.argv.slice(2)
const osc = new OSC({ plugin: new OSC.WebsocketClientPlugin({ host, port: Number(port) }) })
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)

osc.on('*', (message) => say([message.address, ...message.args]))
osc.on('error', (error) => say(['error', String(error)]))
osc.on('close', () => process.exit(0))
osc.on('open', () => {
  const lines = createInterface({ input: process.stdin })
  lines.on('line', (line) => {
    const [address, ...args] = JSON.parse(line)
    osc.send(new OSC.Message(address, ...args))
  })
  lines.on('close', () => osc.close())
})
osc.open()
