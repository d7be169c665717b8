# How processes end: restarted or not, by whom, and remote calls. Each line says what the node itself knows.
#
#     SCOPE=scope.exs elixir ends.exs PORT
Code.compile_file(System.fetch_env!("SCOPE"))
Logger.configure(level: :none)

defmodule Worker do
  use GenServer
  def start_link(n), do: GenServer.start_link(__MODULE__, n)
  def init(n), do: {:ok, n}
  def handle_cast(:die, n), do: {:noreply, div(n, 0)}
  def handle_cast(:bye, n), do: {:stop, {:shutdown, :closed}, n}
end

defmodule Batch do
  def run(_), do: :ok
end

defmodule Say do
  def text(pid), do: List.to_string(:erlang.pid_to_list(pid))

  def line(what, words) do
    IO.puts("> #{what} " <> Enum.map_join(words, " ", fn {key, value} -> "#{key}=#{value}" end))
  end

  def ended(pid, act) do
    monitor = Process.monitor(pid)
    act.()

    receive do
      {:DOWN, ^monitor, _, _, reason} -> reason
    end
  end
end

[port] = System.argv()
:ok = Scope.start(modules: [Worker, Batch], to: String.to_integer(port))

{:ok, dynamic} = DynamicSupervisor.start_link(strategy: :one_for_one, max_restarts: 100)
{:ok, permanent} = DynamicSupervisor.start_child(dynamic, {Worker, 7})
Say.ended(permanent, fn -> GenServer.cast(permanent, :die) end)
Process.sleep(50)
[{_, restarted, _, _}] = DynamicSupervisor.which_children(dynamic)
Say.line("restart", crashed: Say.text(permanent), restarted: Say.text(restarted))

{:ok, other} = DynamicSupervisor.start_link(strategy: :one_for_one)

for _ <- 1..3 do
  {:ok, pid} = DynamicSupervisor.start_child(other, Supervisor.child_spec({Worker, 8}, restart: :temporary))
  Say.ended(pid, fn -> GenServer.cast(pid, :bye) end)
  Process.sleep(20)
  [] = DynamicSupervisor.which_children(other)
  Say.line("temporary", pid: Say.text(pid))
end

{:ok, supervisor} =
  Supervisor.start_link([Supervisor.child_spec({Worker, 9}, restart: :transient)], strategy: :one_for_one)

[{_, transient, _, _}] = Supervisor.which_children(supervisor)
Say.ended(transient, fn -> GenServer.cast(transient, :die) end)
Process.sleep(50)
[{_, again, _, _}] = Supervisor.which_children(supervisor)
Say.line("restart", crashed: Say.text(transient), restarted: Say.text(again))

me = Say.text(self())

for argument <- [Enum.to_list(1..2000), String.duplicate("x", 5000), 1] do
  pid = spawn(Batch, :run, [argument])
  Process.sleep(20)
  Say.line("child", pid: Say.text(pid), parent: me)
end

victim = spawn(fn -> Process.sleep(:infinity) end)
:killed = Say.ended(victim, fn -> Process.exit(victim, :kill) end)
Say.line("killed", pid: Say.text(victim), by: me)

returned = spawn(fn -> exit({make_ref(), :return, :ok}) end)
Say.line("returned", pid: Say.text(returned))
:ok = :erpc.call(node(), fn -> :ok end)
Process.sleep(50)
{:ok, told} = Scope.stop()
Say.line("stopped", events: told.events, dropped: told.dropped)
