defmodule Left do
  use GenServer
  def start_link, do: GenServer.start_link(__MODULE__, 1, name: __MODULE__)
  def total, do: GenServer.call(__MODULE__, :total, 200)
  def value, do: GenServer.call(__MODULE__, :value, 100)
  @impl true
  def init(n), do: {:ok, n}
  @impl true
  def handle_call(:total, _from, n), do: {:reply, n + Right.value(), n}
  def handle_call(:value, _from, n), do: {:reply, n, n}
end

defmodule Right do
  use GenServer
  def start_link, do: GenServer.start_link(__MODULE__, 2, name: __MODULE__)
  def value, do: GenServer.call(__MODULE__, :value, 300)
  @impl true
  def init(n), do: {:ok, n}
  @impl true
  # BUG: whoever asks waits in a callback of its own, and is asked in turn.
  def handle_call(:value, _from, n), do: {:reply, n + Left.value(), n}
end

defmodule Main do
  def run do
    Process.flag(:trap_exit, true)
    {:ok, _} = Left.start_link()
    {:ok, _} = Right.start_link()
    {_, ref} = spawn_monitor(fn -> Left.total() end)
    receive do: ({:DOWN, ^ref, _, _, _} -> :ok)
    Process.sleep(50)
  end
end
