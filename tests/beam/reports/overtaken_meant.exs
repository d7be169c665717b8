# Orders that do not matter: a collector of results, clients that race, a listener that serves each at once.
defmodule Tally do
  use GenServer
  def start_link, do: GenServer.start_link(__MODULE__, :ok, name: __MODULE__)
  def done(job, result), do: GenServer.cast(__MODULE__, {:done, job, result})
  @impl true
  def init(:ok), do: {:ok, %{last: nil, done: 0, results: []}}
  @impl true
  def handle_cast({:done, job, result}, s) do
    {:noreply, %{s | last: job, done: s.done + 1, results: [{job, result} | s.results]}}
  end
  @impl true
  def handle_call(:results, _from, s), do: {:reply, Enum.sort(s.results), s}
end
defmodule Runner do
  use GenServer
  def start_link, do: GenServer.start_link(__MODULE__, :ok, name: __MODULE__)
  def job(id, ms), do: GenServer.cast(__MODULE__, {:job, id, ms})
  @impl true
  def init(:ok), do: {:ok, 0}
  @impl true
  def handle_cast({:job, id, ms}, n) do
    Task.start(fn ->
      Process.sleep(ms)
      Tally.done(id, ms * 2)
    end)
    {:noreply, n + 1}
  end
end
defmodule Shelf do
  use GenServer
  def start_link, do: GenServer.start_link(__MODULE__, :ok, name: __MODULE__)
  def put(key, value), do: GenServer.call(__MODULE__, {:put, key, value})
  @impl true
  def init(:ok), do: {:ok, %{}}
  @impl true
  def handle_call({:put, key, value}, _from, s), do: {:reply, :ok, Map.put(s, key, value)}
end
defmodule Door do
  use GenServer
  def start_link, do: GenServer.start_link(__MODULE__, :ok, name: __MODULE__)
  def ask(key, value) do
    GenServer.cast(__MODULE__, {:ask, self(), key, value})
    receive do: ({:put, ^key} -> :ok)
  end
  @impl true
  def init(:ok), do: {:ok, 0}
  @impl true
  def handle_cast({:ask, from, key, value}, n) do
    spawn(fn -> serve(from, key, value) end)
    {:noreply, n + 1}
  end
  def serve(from, key, value) do
    Process.sleep(if rem(value, 2) == 0, do: 40, else: 2)
    Shelf.put(key, value)
    send(from, {:put, key})
  end
end
defmodule Main do
  def run do
    for module <- [Tally, Runner, Shelf, Door], do: {:ok, _} = module.start_link()
    for {id, ms} <- [{1, 60}, {2, 5}, {3, 40}, {4, 2}, {5, 20}], do: Runner.job(id, ms)
    for value <- 1..6, do: spawn(fn -> Process.sleep(60 - 9 * value); Shelf.put(:first, value) end)
    clients = for value <- 1..6, do: (Process.sleep(8); Task.async(fn -> Door.ask(:second, value) end))
    Task.await_many(clients)
    Process.sleep(60)
    IO.puts(inspect(GenServer.call(Tally, :results)))
  end
end
