# A report is made every 40 ms, whether or not the one before is done.
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
    {:ok, %{kind: kind, runs: 0}}
  end
  @impl true
  def handle_info(:tick, s) do
    # BUG: the one before may still be at it
    Task.start(fn -> Report.build(s.kind) end)
    Process.send_after(self(), :tick, @period)
    {:noreply, %{s | runs: s.runs + 1}}
  end
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
