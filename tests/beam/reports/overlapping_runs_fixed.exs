# As overlapping_runs.exs; while a report is being made no other is begun.
defmodule Report do
  def build(kind) do
    rows = for n <- 1..10, do: {kind, n, n * 7}
    Process.sleep(130)
    length(rows)
  end
end
defmodule Scheduler do
  use GenServer
  @period 40
  def start_link, do: GenServer.start_link(__MODULE__, :daily, name: __MODULE__)
  def runs, do: GenServer.call(__MODULE__, :runs)
  @impl true
  def init(kind) do
    Process.send_after(self(), :tick, @period)
    {:ok, %{kind: kind, runs: 0, at_it: nil}}
  end
  @impl true
  def handle_info(:tick, %{at_it: nil} = s) do
    {pid, ref} = spawn_monitor(fn -> Report.build(s.kind) end)
    Process.send_after(self(), :tick, @period)
    {:noreply, %{s | runs: s.runs + 1, at_it: {pid, ref}}}
  end
  def handle_info(:tick, s) do
    Process.send_after(self(), :tick, @period)
    {:noreply, s}
  end
  def handle_info({:DOWN, ref, :process, pid, _}, %{at_it: {pid, ref}} = s), do: {:noreply, %{s | at_it: nil}}
  @impl true
  def handle_call(:runs, _from, s), do: {:reply, s.runs, s}
end
defmodule Main do
  def run do
    {:ok, _} = Scheduler.start_link()
    Process.sleep(600)
    IO.puts("#{Scheduler.runs()} runs")
  end
end
