# The mechanism of dominicletz/websockex#111, in a program of our own.
defmodule Gate do
  use GenServer
  def start_link, do: GenServer.start_link(__MODULE__, %{open: false, dials: 0}, name: __MODULE__)
  def dial, do: GenServer.call(__MODULE__, :dial)
  def open, do: GenServer.call(__MODULE__, :open)
  def dials, do: GenServer.call(__MODULE__, :dials)
  @impl true
  def init(s), do: {:ok, s}
  @impl true
  def handle_call(:dial, _from, %{open: true} = s), do: {:reply, {:ok, :line}, %{s | dials: s.dials + 1}}
  def handle_call(:dial, _from, s), do: {:reply, {:error, :refused}, %{s | dials: s.dials + 1}}
  def handle_call(:open, _from, s), do: {:reply, :ok, %{s | open: true}}
  def handle_call(:dials, _from, s), do: {:reply, s.dials, s}
end
defmodule Feed do
  use GenServer
  def start_link, do: GenServer.start_link(__MODULE__, :ok, name: __MODULE__)
  @impl true
  def init(:ok) do
    send(self(), :connect)
    {:ok, %{line: nil}}
  end
  @impl true
  def handle_info(:connect, s) do
    case Gate.dial() do
      {:ok, line} ->
        {:noreply, %{s | line: line}}
      {:error, _} ->
        # BUG: at once again, as often as the machine can
        send(self(), :connect)
        {:noreply, s}
    end
  end
end
defmodule Main do
  def run do
    {:ok, _} = Gate.start_link()
    {:ok, _} = Feed.start_link()
    Process.sleep(12)
    Gate.open()
    Process.sleep(12)
    IO.puts("dialled #{Gate.dials()} times in all")
  end
end
