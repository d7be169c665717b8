# Servers behind modules of their own, state machines, a restart under a name elsewhere, and a server whose callbacks are
# no longer traced. Each line says what the node itself knows.
#
#     SCOPE=scope.exs elixir behaviours.exs PORT
Code.compile_file(System.fetch_env!("SCOPE"))
Logger.configure(level: :none)

defmodule Worker do
  use GenServer
  def start_link(n), do: GenServer.start_link(__MODULE__, n, name: {:via, Registry, {Names, n}})
  def init(n), do: {:ok, %{n: n}}
  def handle_cast(:die, state), do: {:noreply, div(state.n, 0)}
end

# The callbacks are this module's, which is not traced; what they call is.
defmodule Behave do
  use GenServer
  def init(module), do: module.init(module)

  def handle_info(message, module) do
    module.on(message)
    {:noreply, module}
  end
end

defmodule Job do
  def init(module), do: {:ok, module}
  def on(_), do: Process.sleep(1)
end

defmodule Lamp do
  @behaviour :gen_statem
  def callback_mode, do: :state_functions
  def init(_), do: {:ok, :off, %{flips: 0}}
  def off(:cast, :flip, data), do: {:next_state, :on, %{data | flips: data.flips + 1}}
  def on(:cast, :flip, data), do: {:next_state, :off, %{data | flips: data.flips + 1}}
end

defmodule Light do
  @behaviour :gen_statem
  def callback_mode, do: :handle_event_function
  def init(_), do: {:ok, :off, %{flips: 0}}
  def handle_event(:cast, :flip, _, data), do: {:next_state, :on, %{data | flips: data.flips + 1}}
end

defmodule Counter do
  use GenServer
  def init(_), do: {:ok, 0}
  def handle_info(_, n), do: {:noreply, n + 1}
end

defmodule Other do
  def f, do: 1
end

defmodule Say do
  def text(pid), do: List.to_string(:erlang.pid_to_list(pid))

  def line(what, words) do
    IO.puts("> #{what} " <> Enum.map_join(words, " ", fn {key, value} -> "#{key}=#{value}" end))
  end

  def waiting(pid), do: elem(Process.info(pid, :message_queue_len), 1)
end

[port] = System.argv()
port = String.to_integer(port)
:ok = Scope.start(modules: [Worker, Job, Lamp, Light, Counter], to: port)

{:ok, _} = Registry.start_link(keys: :unique, name: Names)
{:ok, supervisor} = DynamicSupervisor.start_link(strategy: :one_for_one, max_restarts: 100)
[_, crashed, _] = before = for n <- 1..3, do: elem(DynamicSupervisor.start_child(supervisor, {Worker, n}), 1)
monitor = Process.monitor(crashed)
GenServer.cast(crashed, :die)

receive do
  {:DOWN, ^monitor, _, _, _} -> :ok
end

Process.sleep(50)
[restarted] = for {_, pid, _, _} <- DynamicSupervisor.which_children(supervisor), pid not in before, do: pid
Say.line("restart", crashed: Say.text(crashed), restarted: Say.text(restarted))

{:ok, behaving} = GenServer.start(Behave, Job, name: :behaving)
for i <- 1..40, do: send(behaving, {:job, i})
:sys.get_state(behaving)
Say.line("behaving", pid: Say.text(behaving), waiting: Say.waiting(behaving), handled: 40)
GenServer.stop(behaving)

for {module, name} <- [{Lamp, :lamp}, {Light, :light}] do
  {:ok, pid} = :gen_statem.start({:local, name}, module, [], [])
  for _ <- 1..3, do: :gen_statem.cast(pid, :flip)
  {state, data} = :sys.get_state(pid)
  Say.line("statem", pid: Say.text(pid), name: name, state: state, flips: data.flips)
end

{:ok, counter} = GenServer.start(Counter, 0, name: :counter)
for i <- 1..5, do: send(counter, i)
Say.line("counter", pid: Say.text(counter), state: :sys.get_state(counter), waiting: Say.waiting(counter))
{:ok, told} = Scope.stop()
Say.line("stopped", events: told.events, dropped: told.dropped)

# Its callbacks are not traced any more.
:ok = Scope.start(modules: [Other], to: port)
for i <- 1..500, do: send(counter, i)
Say.line("untraced", pid: Say.text(counter), state: :sys.get_state(counter), waiting: Say.waiting(counter))
{:ok, told} = Scope.stop()
Say.line("stopped", events: told.events, dropped: told.dropped)
