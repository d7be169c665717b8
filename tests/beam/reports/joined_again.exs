# A board that watches its readers: each has one entry, with the monitor in it. Who joins again gets a new monitor.
# A reader of many sheets is watched once for each, and all of its entries go when it ends: that is as it should be.
defmodule Board do
  use GenServer
  def start, do: GenServer.start(__MODULE__, :ok, name: __MODULE__)
  def join(topic), do: send(__MODULE__, {:join, self(), topic})
  def open(sheet), do: GenServer.call(__MODULE__, {:open, sheet})
  @impl true
  def init(:ok), do: {:ok, %{readers: %{}, sheets: %{}}}
  @impl true
  def handle_call({:open, sheet}, {pid, _}, s) do
    {:reply, :ok, put_in(s.sheets[sheet], {pid, Process.monitor(pid)})}
  end
  @impl true
  # BUG: the monitor of the entry that was there goes on
  def handle_info({:join, pid, topic}, s), do: {:noreply, put_in(s.readers[pid], %{topic: topic, watch: Process.monitor(pid)})}
  def handle_info({:DOWN, _ref, :process, pid, _why}, s) do
    sheets = for {sheet, {owner, ref}} <- s.sheets, owner != pid, into: %{}, do: {sheet, {owner, ref}}
    {:noreply, %{s | readers: Map.delete(s.readers, pid), sheets: sheets}}
  end
end
defmodule Main do
  def run do
    {:ok, _} = Board.start()
    reads = fn act -> spawn_monitor(fn -> act.(); Process.sleep(30) end) end
    fickle = reads.(fn -> for n <- 1..8, do: (Board.join({:topic, n}); Process.sleep(2)) end)
    many = reads.(fn -> for n <- 1..8, do: Board.open({:sheet, n}) end)
    for {_, ref} <- [fickle, many], do: receive(do: ({:DOWN, ^ref, _, _, _} -> :ok))
    Process.sleep(20)
  end
end
