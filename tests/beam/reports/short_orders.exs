# Stones on order, over four stages: orders are sent, with a reference; stones are handed over by a call.
defmodule Quarry do
  use GenServer
  def start(n), do: GenServer.start(__MODULE__, n, name: __MODULE__)
  @impl true
  def init(n), do: {:ok, %{stones: :queue.from_list(for(i <- 1..n, do: {:stone, i})), out: 0}}
  @impl true
  def handle_info({:order, {pid, ref}, %{count: n}}, s) do
    {now, later} = :queue.split(min(n, :queue.len(s.stones)), s.stones)
    now = :queue.to_list(now)
    if now != [], do: Stage.hand(pid, ref, now)
    {:noreply, %{s | stones: later, out: s.out + length(now)}}
  end
end
defmodule Stage do
  def order(from, ref, n), do: send(from, {:order, {self(), ref}, %{count: n}})
  def hand(to, ref, stones), do: GenServer.call(to, {:stones, ref, stones})
end
defmodule Sorter do
  use GenServer
  def start, do: GenServer.start(__MODULE__, :ok, name: __MODULE__)
  @impl true
  def init(:ok), do: {:ok, %{ref: make_ref(), to: nil}}
  @impl true
  def handle_info({:order, to, %{count: n}}, s) do
    Stage.order(Quarry, s.ref, n)
    {:noreply, %{s | to: to}}
  end
  @impl true
  def handle_call({:stones, ref, stones}, _from, %{ref: ref} = s) do
    good = Enum.reject(stones, fn {:stone, i} -> rem(i, 3) == 0 end)
    # BUG: nobody orders others for those that are cracked
    {pid, to} = s.to
    if good != [], do: Stage.hand(pid, to, good)
    {:reply, :ok, s}
  end
end
defmodule Cart do
  use GenServer
  def start, do: GenServer.start(__MODULE__, :ok, name: __MODULE__)
  @impl true
  def init(:ok), do: {:ok, %{ref: make_ref(), to: nil}}
  @impl true
  def handle_info({:order, to, %{count: n}}, s) do
    Stage.order(Sorter, s.ref, n)
    {:noreply, %{s | to: to}}
  end
  @impl true
  def handle_call({:stones, ref, stones}, _from, %{ref: ref, to: {pid, to}} = s) do
    {:reply, Stage.hand(pid, to, stones), s}
  end
end
defmodule Mason do
  use GenServer
  @most 8
  def start, do: GenServer.start(__MODULE__, :ok, name: __MODULE__)
  def built, do: GenServer.call(__MODULE__, :built)
  @impl true
  def init(:ok) do
    ref = make_ref()
    Stage.order(Cart, ref, @most)
    {:ok, %{ref: ref, wall: 0}}
  end
  @impl true
  def handle_call({:stones, ref, stones}, _from, %{ref: ref} = s) do
    {:reply, :ok, %{s | wall: s.wall + length(stones)}, {:continue, {:again, length(stones)}}}
  end
  def handle_call(:built, _from, s), do: {:reply, s.wall, s}
  @impl true
  def handle_continue({:again, n}, s) do
    Process.sleep(1)
    Stage.order(Cart, s.ref, n)
    {:noreply, s}
  end
end
defmodule Main do
  def run do
    {:ok, _} = Quarry.start(60)
    for stage <- [Sorter, Cart, Mason], do: {:ok, _} = stage.start()
    Process.sleep(300)
    IO.puts("#{Mason.built()} of 40 stones in the wall")
  end
end
