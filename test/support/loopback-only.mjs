// Loaded into every test process and, by NODE_OPTIONS, into every podrole process that a test starts:
// a connection that is not loopback throws, so that a test which would leave the machine fails at once.
import net from 'node:net';

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+|localhost)$/;
const connect = net.Socket.prototype.connect;

net.Socket.prototype.connect = function guarded(...args) {
  // Either connect(options, …), connect(port, host, …), connect(path, …) or Node's own normalised array.
  const [first, second] = Array.isArray(args[0]) ? args[0] : args;
  const options =
    typeof first === 'object' && first !== null ? first : { port: first, host: typeof second === 'string' ? second : undefined };
  const host = options.host ?? 'localhost';
  const local = options.path !== undefined || (typeof options.port === 'string' && !/^\d+$/.test(options.port)) || LOOPBACK.test(host);
  if (!local) throw new Error(`a test tried to connect to ${host}:${options.port}, which is not loopback`);
  return connect.apply(this, args);
};
