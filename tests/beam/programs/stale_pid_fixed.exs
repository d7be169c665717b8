defmodule Counter do
  use GenServer
  def start_link(_), do: GenServer.start_link(__MODULE__, 0, name: __MODULE__)
  def hit(counter), do: GenServer.cast(counter, :hit)
  def stop, do: GenServer.stop(__MODULE__, :shutdown)
  @impl true
  def init(n), do: {:ok, n}
  @impl true
  def handle_cast(:hit, n), do: {:noreply, n + 1}
end

defmodule Page do
  def visit(counter), do: Counter.hit(counter)
end

defmodule Main do
  def run do
    {:ok, _} = Supervisor.start_link([{Counter, []}], strategy: :one_for_one)
    # The name is good for whoever has it.
    _ = Process.whereis(Counter)
    for _ <- 1..3, do: Page.visit(Counter)
    Counter.stop()
    Process.sleep(10)
    for _ <- 1..4, do: Page.visit(Counter)
    Process.sleep(5)
  end
end
