# A newsroom that knows its readers only by their own call: after its restart it knows nobody.
defmodule Newsroom do
  use GenServer
  def start_link(_), do: GenServer.start_link(__MODULE__, :ok, name: __MODULE__)
  def subscribe, do: GenServer.call(__MODULE__, :subscribe)
  def publish(headline), do: GenServer.cast(__MODULE__, {:publish, headline})
  def cite(text), do: GenServer.cast(__MODULE__, {:cite, text})
  @impl true
  def init(:ok), do: {:ok, %{readers: MapSet.new(), published: 0}}
  @impl true
  def handle_call(:subscribe, {pid, _tag}, state) do
    Process.monitor(pid)
    {:reply, :ok, %{state | readers: MapSet.put(state.readers, pid)}}
  end
  @impl true
  def handle_cast({:publish, headline}, state) do
    Enum.each(state.readers, &send(&1, {:headline, headline}))
    {:noreply, %{state | published: state.published + 1}}
  end
  def handle_cast({:cite, text}, state) do
    [_source, _quote] = String.split(text, ": ")
    {:noreply, state}
  end
  @impl true
  def handle_info({:DOWN, _ref, :process, pid, _reason}, state) do
    {:noreply, %{state | readers: MapSet.delete(state.readers, pid)}}
  end
end
defmodule Reader do
  use GenServer
  def start_link(name), do: GenServer.start_link(__MODULE__, :ok, name: name)
  def read(name), do: GenServer.call(name, :read)
  @impl true
  def init(:ok) do
    # BUG: nobody sees that the newsroom is another one
    :ok = Newsroom.subscribe()
    {:ok, []}
  end
  @impl true
  def handle_call(:read, _from, seen), do: {:reply, length(seen), seen}
  @impl true
  def handle_info({:headline, headline}, seen), do: {:noreply, [headline | seen]}
end
defmodule Main do
  def run do
    readers = for name <- [:ann, :ben, :cleo], do: Supervisor.child_spec({Reader, name}, id: name)
    {:ok, _} = Supervisor.start_link([Newsroom | readers], strategy: :one_for_one)
    for n <- 1..5, do: (Newsroom.publish("story #{n}"); Process.sleep(4))
    Newsroom.cite("no source")
    Process.sleep(30)
    for n <- 6..12, do: (Newsroom.publish("story #{n}"); Process.sleep(4))
    IO.puts("read: #{inspect(for name <- [:ann, :ben, :cleo], do: Reader.read(name))}")
  end
end
