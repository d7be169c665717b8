# Records one program: elixir record.exs PROGRAM.exs OUT.trace
# The program defines a module Main with run/0. Its modules are compiled before tracing begins, so that the recording
# holds the program and not the compiler.
[program, out] = System.argv()
modules = for {module, _} <- Code.compile_file(program), do: module
Logger.configure(level: :none)

spec = [{:_, [], [{:return_trace}, {:exception_trace}, {:message, {:caller_line}}]}]
for module <- modules, do: :erlang.trace_pattern({module, :_, :_}, spec, [:local])

flags = [:call, :send, :receive, :procs, :strict_monotonic_timestamp, :set_on_spawn]
port = :dbg.trace_port(:file, String.to_charlist(out)).()
runner = spawn(fn -> receive do: (:go -> Main.run()) end)
monitor = Process.monitor(runner)
:erlang.trace(runner, true, [{:tracer, port} | flags])
send(runner, :go)

receive do
  {:DOWN, ^monitor, :process, _, :normal} -> :ok
  {:DOWN, ^monitor, :process, _, reason} -> IO.puts(:stderr, "#{program}: ended with #{inspect(reason)}")
after
  30_000 -> raise "#{program}: still running after 30 s"
end

# What was traced last is written before the port is closed.
:erlang.trace(:all, false, [:all])
delivered = :erlang.trace_delivered(:all)
receive do: ({:trace_delivered, :all, ^delivered} -> :ok)
:erlang.port_control(port, ?f, "")
:erlang.port_close(port)
